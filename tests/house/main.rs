//! What holds for the whole tree: the walls between modules, the names in the
//! documents, the commands and configurations of the README, the licences.

mod licences;
mod map;
mod readme;
mod tree;
mod walls;
