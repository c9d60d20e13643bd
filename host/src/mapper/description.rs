//! What a component says it is.

/// What a component says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Name of the mapping, for people.
    pub name: String,
    /// Version of the mapping.
    pub mapping_version: String,
    /// The ECS version that its documents follow.
    pub ecs_version: String,
    /// The version of the WIT contract that it was built with.
    pub wit_version: String,
}
