// CrenelEngine
