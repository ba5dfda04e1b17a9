using RpiAgent.Agent.NodeConfig.Transaction;
using RpiAgent.Protos;
using Xunit;

namespace RpiAgent.Tests.Unit.NodeConfig;

public class ArpProbeTests
{
    private static readonly byte[] Cable = [0xb8, 0x27, 0xeb, 0, 0, 1], Radio = [0xb8, 0x27, 0xeb, 0, 0, 2], Other = [0xb8, 0x27, 0xeb, 0, 0, 3];
    private static readonly Ipv4 Wished = Parse("192.168.1.102");

    /// <summary>Linux answers for an address of any of its interfaces on each of them (arp_ignore 0).</summary>
    [Fact]
    public void A_second_interface_of_this_node_is_no_other_machine()
    {
        Assert.True(ArpProbe.IsFromOther(Answer(Other, Wished), [Cable, Radio, []], Wished, isProbe: true));
        Assert.False(ArpProbe.IsFromOther(Answer(Radio, Wished), [Cable, Radio, []], Wished, isProbe: true));
        Assert.False(ArpProbe.IsFromOther(Answer(Other, Parse("192.168.1.103")), [Cable], Wished, isProbe: true));
        Assert.False(ArpProbe.IsFromOther(Answer(Other, Wished).AsSpan(0, 41), [Cable], Wished, isProbe: true));
    }

    [Fact]
    public void A_machine_that_probes_for_the_address_itself_is_about_to_have_it()
    {
        byte[] probe = Answer(Other, default);
        Bytes(Wished).CopyTo(probe, 38);
        Assert.True(ArpProbe.IsFromOther(probe, [Cable], Wished, isProbe: true));
        Assert.False(ArpProbe.IsFromOther(probe, [Cable], Wished, isProbe: false));
    }

    private static byte[] Answer(byte[] hardware, Ipv4 sender) =>
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, .. hardware, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2, .. hardware, .. Bytes(sender), .. Cable, 0, 0, 0, 0];

    private static byte[] Bytes(Ipv4 address) => [(byte)(address.Value >> 24), (byte)(address.Value >> 16), (byte)(address.Value >> 8), (byte)address.Value];

    private static Ipv4 Parse(string text) => Ipv4.TryParse(text, out Ipv4 address) ? address : throw new FormatException(text);
}
