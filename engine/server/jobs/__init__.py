"""Jobs that go on after their request was answered."""
