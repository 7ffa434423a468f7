//! Policies in force: between real clients and a scripted provider.

mod answers;
mod modes;
mod reloading;
mod results;
mod routes;
mod stage;
mod telling;
