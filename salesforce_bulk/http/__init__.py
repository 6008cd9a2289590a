"""One call: sent, repeated where that is safe, judged, waited for."""
