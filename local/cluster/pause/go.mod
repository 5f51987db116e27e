module groundwork.local/pause

go 1.26
