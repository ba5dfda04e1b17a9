using System.CommandLine;

namespace RpiAgent.Agent.NodeConfig.Cli;

/// <summary>The options that say which address an interface is to get.</summary>
internal sealed class WishOptions
{
    private readonly Option<string> _name = new("--iface") { Description = "Interface, such as eth0.", Required = true };
    private readonly Option<string> _method = new("--method") { Description = "dhcp or static.", Required = true };
    private readonly Option<string?> _address = new("--address") { Description = "A.B.C.D/LEN; with static only." };
    private readonly Option<string?> _gateway = new("--gateway") { Description = "The router's address." };
    private readonly Option<string?> _dns = new("--dns") { Description = "Name servers, separated by commas; 3 at most." };

    public void AddTo(Command command)
    {
        _method.AcceptOnlyFromAmong("dhcp", "static");
        foreach (Option option in new Option[] { _name, _method, _address, _gateway, _dns })
        {
            command.Options.Add(option);
        }

        command.Validators.Add(result =>
        {
            // Values that are missing or wrong are told by the options themselves.
            string? wished = result.GetResult(_method)?.Tokens is [{ Value: { } value }] ? value : null;
            bool hasAddress = result.GetResult(_address) is not null;
            if (wished == "static" && !hasAddress)
            {
                result.AddError("--method static needs --address A.B.C.D/LEN");
            }
            else if (wished == "dhcp" && (hasAddress || result.GetResult(_gateway) is not null || result.GetResult(_dns) is not null))
            {
                result.AddError("--method dhcp takes no --address, --gateway or --dns: the DHCP server gives them");
            }
        });
    }

    /// <exception cref="RefusalException">A value that cannot be used.</exception>
    public AddressWish Read(ParseResult result)
    {
        string name = result.GetValue(_name)!;
        string? dns = result.GetValue(_dns);
        return result.GetValue(_method) == "dhcp"
            ? AddressWish.Dhcp(name)
            : AddressWish.Static(name, result.GetValue(_address)!, result.GetValue(_gateway), string.IsNullOrEmpty(dns) ? [] : dns.Split(','));
    }
}
