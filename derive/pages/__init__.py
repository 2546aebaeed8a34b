"""Pages: a definition, its derivation and its code as text, Markdown, LaTeX and JSON. Only checked steps are printed."""
