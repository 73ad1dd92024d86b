"""Beat, bar and tempo from sound, announced before they sound; sound in, no devices, no clock."""
