"""DR and backup procedures as code. There are none yet: the folder holds their place in the layout."""
