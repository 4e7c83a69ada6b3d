"""Find files that are bad as such: measures of their content, each with a limit."""
