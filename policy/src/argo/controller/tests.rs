//! Whole rollouts in a small world: pods become ready after a delay, queries answer from a script.

mod abort;
mod basic;
mod blue_green;
mod chaos;
mod dynamic;
mod experiments;
mod routed;
mod routers;
mod table_b;
mod table_c;
mod world;
