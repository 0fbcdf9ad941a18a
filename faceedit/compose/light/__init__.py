"""What light does to a surface that is known pixel by pixel."""
