//! Where the report is.

/// The path of the report. The service does not care about upper and lower case.
pub(crate) const PATH: &str = "/ecp/reportingwebservice/reporting.svc/MessageTrace";
