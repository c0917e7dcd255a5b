//! `dongbo` (đồng bộ, "to synchronise"): replicates the articles of a
//! provincial portal into component portals on different CMSs and proves each
//! copy. `ARCHITECTURE.md` is the map.

pub mod article;
pub mod source;
