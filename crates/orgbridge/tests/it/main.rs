//! The whole program, as its users meet it: commands, files, signals and exit codes.

mod audit;
mod completions;
mod config;
mod demo;
mod import;
mod init;
mod operate;
mod program;
mod serve;
