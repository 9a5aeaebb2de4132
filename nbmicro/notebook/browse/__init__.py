"""``%browse``: a browser in the cell that needs no port; its Python, and its front end in ``front/``."""
