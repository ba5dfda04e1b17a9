using System.Collections.Immutable;
using RpiAgent.Agent.NodeConfig.Wifi;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.NodeConfig;

internal static class ProtoMapping
{
    /// <param name="enrolledInterface">The interface the node enrolled from; used when the spec names none.</param>
    /// <exception cref="RefusalException">An address, gateway, name server or interface that cannot be used.</exception>
    public static NodeSpec ToNodeSpec(Wire.NodeSpec spec, string enrolledInterface) =>
        new(spec.Name, ToAddressWish(spec.Network, enrolledInterface), [.. spec.Docker?.Options ?? []])
        {
            DockerClients = spec.Docker?.TlsClients ?? "",
            EngineCertificate = spec.Docker?.TlsCertificate ?? "",
        };

    private static AddressWish? ToAddressWish(Wire.NetworkSpec? network, string enrolledInterface)
    {
        if (network is null || network.Method.Length == 0)
        {
            return null;
        }

        string name = network.Interface.Length > 0 ? network.Interface : enrolledInterface;
        AddressWish wish = network.Method switch
        {
            "static" => AddressWish.Static(name, network.Address, network.Gateway.Length > 0 ? network.Gateway : null, network.Dns),
            "dhcp" => AddressWish.Dhcp(name),
            _ => throw new RefusalException(new Refusal(RefusalCodes.Method, "network.method", $"network method '{network.Method}' is not known; use static or dhcp")),
        };
        return wish with { Wifi = network.Wifi is { } wifi ? WifiNetwork.Create(wifi.Ssid.Span, wifi.Psk, wifi.Country, wifi.Hidden) : null };
    }
}
