"""PE-AV of transformers: texts, sounds, videos and their pairs, and when a sound is heard."""
