//! exotrace from the outside: the mapping as a component, the program as people run it.

mod conformance;
mod demo;
mod golden;
mod harness;
mod map_command;
mod readme;
