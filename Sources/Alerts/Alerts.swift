// CrenelAlerts
