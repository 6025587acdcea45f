"""The company's online store (Tienda Nube): connecting it, keeping what it sells at hand, finding it, its orders.

`wire` speaks to the store and keeps no row; `shapes` and `words` are plain rules; the rest are use cases.
"""
