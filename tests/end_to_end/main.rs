//! exotrace from the outside: the mapping as a component, the program as people run it.

mod conformance;
mod golden;
mod harness;
mod map_command;
