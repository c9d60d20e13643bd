//! The settings with which a simulated tenant is collected from.

use exotrace_simulator::TenantConfig;

/// The keys of a `[[source]]` that reaches the tenant at this address.
pub(super) fn keys(tenant: &TenantConfig, url: &str) -> String {
    let TenantConfig { tenant_id, client_id, client_secret, domain, .. } = tenant;
    let label = domain.split('.').next().unwrap_or(domain);
    format!(
        "type = \"graph\"\ntenant_id = \"{tenant_id}\"\nclient_id = \"{client_id}\"\n\
         client_secret = \"{client_secret}\"\nlogin_url = \"{url}\"\nurl = \"{url}\"\n\
         local_domains = [\"{domain}\", \"{label}.onmicrosoft.com\"]\n"
    )
}

/// A settings file that collects from it as it is: everything that is there, and then what comes.
pub(super) fn settings(tenant: &TenantConfig, url: &str) -> String {
    // With what was there before the simulator started; the service keeps 90 days.
    let hours = tenant.span.num_hours().clamp(0, 89 * 24) + 1;
    format!(
        "# Settings for the simulated tenant of `exotrace simulate`.\n\
         state_dir = \"state\"\nlisten = \"127.0.0.1:9464\"\n\n[[source]]\n{}\
         interval = \"10s\"\ninitial_interval = \"{hours}h\"\n\n\
         [[output]]\ntype = \"file\"\npath = \"trace.ndjson\"\n",
        keys(tenant, url)
    )
}
