"""OAuth: tokens, consent, and a session that a browser takes over."""
