"""What a Vienna code is: codes and their tree, WIPO's classification files, editions."""
