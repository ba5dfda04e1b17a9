using System.CommandLine;
using RpiAgent.Agent.NodeConfig.Wifi;

namespace RpiAgent.Agent.NodeConfig.Cli;

/// <summary>The options that say which address an interface is to get.</summary>
internal sealed class WishOptions
{
    private readonly Option<string> _name = new("--iface") { Description = "Interface, such as eth0.", Required = true };
    private readonly Option<string> _method = new("--method") { Description = "dhcp or static.", Required = true };
    private readonly Option<string?> _address = new("--address") { Description = "A.B.C.D/LEN; with static only." };
    private readonly Option<string?> _gateway = new("--gateway") { Description = "The router's address." };
    private readonly Option<string?> _dns = new("--dns") { Description = "Name servers, separated by commas; 3 at most." };

    private readonly Option<string?> _ssid = new("--wifi-ssid") { Description = "Name of the radio network to join." };
    private readonly Option<string?> _country = new("--wifi-country") { Description = "Where the radio is, as two letters, such as DE." };
    private readonly Option<string?> _passphrase = new("--wifi-passphrase-file") { Description = "File with the passphrase; - reads a line of the standard input." };
    private readonly Option<bool> _hidden = new("--wifi-hidden") { Description = "The network does not announce its name." };

    public void AddTo(Command command)
    {
        _method.AcceptOnlyFromAmong("dhcp", "static");
        foreach (Option option in new Option[] { _name, _method, _address, _gateway, _dns, _ssid, _country, _passphrase, _hidden })
        {
            command.Options.Add(option);
        }

        command.Validators.Add(result =>
        {
            // Values that are missing or wrong are told by the options themselves.
            string? wished = result.GetResult(_method)?.Tokens is [{ Value: { } value }] ? value : null;
            bool hasAddress = result.GetResult(_address) is not null;
            bool hasSsid = result.GetResult(_ssid) is not null;
            if (hasSsid != (result.GetResult(_country) is not null) || hasSsid != (result.GetResult(_passphrase) is not null))
            {
                result.AddError("a radio network needs --wifi-ssid, --wifi-country and --wifi-passphrase-file");
            }

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
        AddressWish wish = result.GetValue(_method) == "dhcp"
            ? AddressWish.Dhcp(name)
            : AddressWish.Static(name, result.GetValue(_address)!, result.GetValue(_gateway), string.IsNullOrEmpty(dns) ? [] : dns.Split(','));
        return wish with { Wifi = ReadWifi(result) };
    }

    /// <summary>The passphrase comes from a file: arguments are seen by everybody.</summary>
    private WifiNetwork? ReadWifi(ParseResult result)
    {
        if (result.GetValue(_ssid) is not { } ssid)
        {
            return null;
        }

        string file = result.GetValue(_passphrase)!;
        try
        {
            string passphrase = file == "-" ? Console.In.ReadLine() ?? "" : File.ReadAllText(file);
            return WifiNetwork.Create(ssid, passphrase, result.GetValue(_country)!, result.GetValue(_hidden));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RefusalException(new Refusal(RefusalCodes.BadWifi, file, $"the passphrase cannot be read: {e.Message}"));
        }
    }
}
