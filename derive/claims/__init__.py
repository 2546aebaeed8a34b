"""Claims from the literature, each with a formal statement, settled by proof, exact arithmetic or certified enclosure."""
