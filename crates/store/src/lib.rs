//! What a KV store is: keys, entries, generations, expiry, list pages, and the engines that keep the data
