// CrenelDecode
