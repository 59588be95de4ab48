//! YouTube: the Data API, StreamList by gRPC, and the quota that all users share.
