//! The settings with which simulated tenants are collected from.

use exotrace_simulator::TenantConfig;

/// The keys of a `[[source]]` that reaches the tenant at this address.
pub(super) fn keys(tenant: &TenantConfig, url: &str) -> String {
    let TenantConfig { tenant_id, client_id, client_secret, domain, .. } = tenant;
    let label = label(tenant);
    format!(
        "type = \"graph\"\ntenant_id = \"{tenant_id}\"\nclient_id = \"{client_id}\"\n\
         client_secret = \"{client_secret}\"\nlogin_url = \"{url}\"\nurl = \"{url}\"\n\
         local_domains = [\"{domain}\", \"{label}.onmicrosoft.com\"]\n"
    )
}

/// A settings file that collects from these tenants as it is: everything that is there, and then what comes.
pub(super) fn settings(tenants: &[TenantConfig], url: &str) -> String {
    let plural = if tenants.len() > 1 { "s" } else { "" };
    let mut text = format!(
        "# Settings for the simulated tenant{plural} of `exotrace simulate`.\n\
         state_dir = \"state\"\nlisten = \"127.0.0.1:9464\"\n"
    );
    for tenant in tenants {
        // With what was there before the simulator started; the service keeps 90 days.
        let hours = tenant.span.num_hours().clamp(0, 89 * 24) + 1;
        text.push_str("\n[[source]]\n");
        if tenants.len() > 1 {
            text.push_str(&format!("name = \"{}\"\n", label(tenant)));
        }
        text.push_str(&keys(tenant, url));
        text.push_str(&format!("interval = \"10s\"\ninitial_interval = \"{hours}h\"\n"));
    }
    text + "\n[[output]]\ntype = \"file\"\npath = \"trace.ndjson\"\n"
}

/// The first label of the domain of the tenant.
fn label(tenant: &TenantConfig) -> &str {
    tenant.domain.split('.').next().unwrap_or(&tenant.domain)
}
