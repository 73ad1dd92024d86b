"""What the window knows: models of what is shown, without drawing."""
