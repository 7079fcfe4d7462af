//! Whole lives instead of single nights: random ones, killed ones, and what the disk or the clock does to them.

mod academy;
mod cases;
mod dice;
mod disturbed;
mod fifty;
mod hands;
mod judge;
mod killed;
mod life;
mod picture;
mod random;
