"""Who may call: sessions, connected apps, keys."""
