"""What the emulator does, on whose word, and what else a real org might do: data, one module an
area, and the dialects that they allow.
"""
