"""What the README's figures come from. Each module is a command and prints one table."""
