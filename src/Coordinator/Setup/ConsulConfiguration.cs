using System.Text.Json;
using System.Text.Json.Nodes;

namespace RpiAgent.Coordinator.Setup;

/// <summary>Consul's configuration file, in the words of the installed release.</summary>
internal static class ConsulConfiguration
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>
    /// One server: HTTPS only and with client certificates, ACLs default deny, gossip and RPC on the loopback address.
    /// </summary>
    /// <param name="version">Of the consul program.</param>
    /// <param name="managementToken">UUID with all rights.</param>
    public static string Render(CoordinatorOptions options, Version version, string managementToken)
    {
        string run = options.Consul.RunDirectory;
        JsonObject ports = new()
        {
            ["http"] = -1,
            ["https"] = options.Consul.Port,
            ["dns"] = -1,
            ["grpc"] = -1,
        };
        if (version >= new Version(1, 14))
        {
            ports["grpc_tls"] = -1; // came, and came switched on, in 1.14
        }

        // consul.io/docs/agent/options: acl.tokens.master was renamed in 1.11.
        string management = version >= new Version(1, 11) ? "initial_management" : "master";
        JsonObject root = new()
        {
            ["server"] = true,
            ["bootstrap_expect"] = 1,
            ["datacenter"] = options.Consul.Datacenter,
            ["node_name"] = options.Id,
            ["data_dir"] = options.Consul.DataDirectory,
            ["bind_addr"] = "127.0.0.1",
            ["addresses"] = new JsonObject { ["https"] = "0.0.0.0" },
            ["ports"] = ports,
            ["ca_file"] = Path.Join(run, "ca.pem"),
            ["cert_file"] = Path.Join(run, "consul.pem"),
            ["key_file"] = Path.Join(run, "consul.key"),
            ["verify_incoming"] = true,
            ["verify_outgoing"] = true,
            ["verify_server_hostname"] = true,
            ["acl"] = new JsonObject
            {
                ["enabled"] = true,
                ["default_policy"] = "deny",
                ["down_policy"] = "extend-cache",
                ["tokens"] = new JsonObject { [management] = managementToken, ["agent"] = managementToken },
            },
            ["performance"] = new JsonObject { ["raft_multiplier"] = 1 }, // elects itself in 2 s, not 10
            ["disable_update_check"] = true,
            ["leave_on_terminate"] = false,
            ["skip_leave_on_interrupt"] = true,
            ["log_level"] = "INFO",
        };
        return root.ToJsonString(Indented) + "\n";
    }

    /// <summary>Reads the first line of `consul version`, e.g. "Consul v1.8.7+dfsg1"; null when it is not one.</summary>
    public static Version? ParseVersion(string output)
    {
        string line = output.Split('\n')[0].Trim();
        if (!line.StartsWith("Consul v", StringComparison.Ordinal))
        {
            return null;
        }

        string number = new([.. line["Consul v".Length..].TakeWhile(c => char.IsAsciiDigit(c) || c == '.')]);
        return Version.TryParse(number.TrimEnd('.'), out Version? version) ? version : null;
    }
}
