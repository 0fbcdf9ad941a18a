"""Networks that look at faces and say what they see."""
