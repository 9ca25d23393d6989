print("crenel")
