// CrenelCapture
