"""Faces in photos: found, aligned, masked, and edits composed onto their own pixels."""
