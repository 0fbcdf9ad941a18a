"""The run: from photos and a target to edited photos and a record of what happened."""
