using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using RpiAgent.Protos;

namespace RpiAgent.Agent.NodeConfig.Transaction;

/// <summary>
/// Asks on an interface who has an address (RFC 826). Its own socket: there are two programs called arping whose options and exit codes
/// mean opposite things, and many nodes have neither. Needs CAP_NET_RAW.
/// </summary>
internal static class ArpProbe
{
    private const ushort EtherTypeArp = 0x0806;
    private const int FrameLength = 42;
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(1);

    /// <summary>Duplicate address detection of RFC 5227: a question that names no sender address, three times.</summary>
    /// <returns>The other machine that has the address or asks for it just now, or null.</returns>
    /// <exception cref="SocketException">The interface cannot be used so: it is down, has no Ethernet frames, or this process may not.</exception>
    public static Task<PhysicalAddress?> FindOtherAsync(string interfaceName, Ipv4 address, CancellationToken cancel) =>
        AskAsync(interfaceName, default, address, 3, cancel);

    /// <param name="own">This node's address, so that the answer finds it.</param>
    /// <returns>Who answers for the address, or null.</returns>
    /// <exception cref="SocketException">As above.</exception>
    public static Task<PhysicalAddress?> FindAsync(string interfaceName, Ipv4 own, Ipv4 address, CancellationToken cancel) =>
        AskAsync(interfaceName, own, address, 2, cancel);

    private static async Task<PhysicalAddress?> AskAsync(string interfaceName, Ipv4 sender, Ipv4 target, int times, CancellationToken cancel)
    {
        NetworkInterface[] all = NetworkInterface.GetAllNetworkInterfaces();
        NetworkInterface device = all.FirstOrDefault(item => item.Name == interfaceName) ?? throw new SocketException((int)SocketError.NetworkDown);
        byte[] own = device.GetPhysicalAddress().GetAddressBytes();
        if (own.Length != 6)
        {
            throw new SocketException((int)SocketError.AddressFamilyNotSupported);
        }

        // packet(7): the protocol and the interface number pick the frames that are received.
        using Socket socket = new(AddressFamily.Packet, SocketType.Raw, (ProtocolType)BinaryPrimitives.ReverseEndianness(EtherTypeArp));
        socket.Bind(new LinkEndPoint(int.Parse(await File.ReadAllTextAsync($"/sys/class/net/{interfaceName}/ifindex", cancel))));
        byte[] question = Question(own, sender, target);

        // A second interface of this node in the same network answers a probe for any address that the node has.
        byte[][] ours = sender == default ? [.. all.Select(item => item.GetPhysicalAddress().GetAddressBytes())] : [own];
        byte[] frame = new byte[128];
        for (int i = 0; i < times; i++)
        {
            await socket.SendAsync(question, cancel);
            using CancellationTokenSource wait = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            wait.CancelAfter(Between);
            try
            {
                while (true)
                {
                    int length = await socket.ReceiveAsync(frame, wait.Token);
                    if (IsFromOther(frame.AsSpan(0, length), ours, target, isProbe: sender == default))
                    {
                        return new PhysicalAddress(frame[22..28]);
                    }
                }
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                // No answer this time.
            }
        }

        return null;
    }

    private static byte[] Question(byte[] own, Ipv4 sender, Ipv4 target)
    {
        byte[] frame = new byte[FrameLength];
        frame.AsSpan(0, 6).Fill(0xFF);
        own.CopyTo(frame, 6);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), EtherTypeArp);
        byte[] header = [0, 1, 8, 0, 6, 4, 0, 1]; // Ethernet, IPv4, their lengths, request
        header.CopyTo(frame, 14);
        own.CopyTo(frame, 22);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(28), sender.Value);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(38), target.Value);
        return frame;
    }

    /// <summary>Whether another machine says that the address is its own, or, to a probe, asks with a probe of its own.</summary>
    /// <param name="ours">Hardware addresses of this node.</param>
    internal static bool IsFromOther(ReadOnlySpan<byte> frame, byte[][] ours, Ipv4 target, bool isProbe)
    {
        if (frame.Length < FrameLength || BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) != EtherTypeArp)
        {
            return false;
        }

        foreach (byte[] own in ours)
        {
            if (frame[22..28].SequenceEqual(own))
            {
                return false;
            }
        }

        uint sender = BinaryPrimitives.ReadUInt32BigEndian(frame[28..]);
        return sender == target.Value || (isProbe && sender == 0 && BinaryPrimitives.ReadUInt32BigEndian(frame[38..]) == target.Value);
    }

    /// <summary>struct sockaddr_ll.</summary>
    private sealed class LinkEndPoint(int index) : EndPoint
    {
        private const int Size = 20;

        public override AddressFamily AddressFamily => AddressFamily.Packet;

        public override SocketAddress Serialize()
        {
            SocketAddress address = new(AddressFamily.Packet, Size);
            BinaryPrimitives.WriteUInt16BigEndian(address.Buffer.Span[2..], EtherTypeArp);
            System.Runtime.InteropServices.MemoryMarshal.Write(address.Buffer.Span[4..], index);
            return address;
        }
    }
}
