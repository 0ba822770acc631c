"""Who is let into a link next."""
