using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using System.Text;

namespace RpiAgent.Protos;

/// <summary>
/// The few messages of multicast DNS (RFC 6762, RFC 6763) by which a Pi finds its coordinator. What is read here is a hint: anybody in
/// the network can send it.
/// </summary>
public static class DiscoveryMessage
{
    public const int Port = 5353;
    public const string Service = "_rpi-coordinator._tcp.local";
    private const int HeaderLength = 12, MostRecords = 64, MostName = 255, MostLabel = 63;
    private const ushort TypeA = 1, TypePtr = 12, TypeTxt = 16, TypeSrv = 33, TypeAny = 255, ClassIn = 1, CacheFlush = 0x8000;

    public static IPAddress Group { get; } = new([224, 0, 0, 251]);

    /// <summary>"Where is a coordinator?", to be answered to the sender alone.</summary>
    public static byte[] Query(ushort id)
    {
        Writer writer = new();
        writer.Header(id, 0, questions: 1, answers: 0, additional: 0);
        writer.Name(Service);
        writer.Number(TypePtr);
        writer.Number(ClassIn);
        return writer.ToArray();
    }

    /// <summary>Whether a message asks for coordinators.</summary>
    public static bool IsQuery(ReadOnlySpan<byte> message, out ushort id)
    {
        id = 0;
        if (message.Length < HeaderLength || (BinaryPrimitives.ReadUInt16BigEndian(message[2..]) & 0xF800) != 0)
        {
            return false; // an answer, or another kind of request
        }

        id = BinaryPrimitives.ReadUInt16BigEndian(message);
        int at = HeaderLength, questions = BinaryPrimitives.ReadUInt16BigEndian(message[4..]);
        for (int i = 0; i < Math.Min(questions, MostRecords); i++)
        {
            if (ReadName(message, ref at) is not { } name || at + 4 > message.Length)
            {
                return false;
            }

            ushort type = BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
            at += 4;
            if (type is TypePtr or TypeAny && name.Equals(Service, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    /// <param name="isLegacy">To a simple asker (RFC 6762, 6.7): with its id and its question, and to be forgotten soon.</param>
    /// <param name="instance">A word of at most 63 characters.</param>
    public static byte[] Answer(ushort id, bool isLegacy, string instance, IPAddress address, int port)
    {
        uint seconds = isLegacy ? 10u : 120u;
        ushort own = (ushort)(ClassIn | (isLegacy ? 0 : CacheFlush));
        string name = $"{instance}.{Service}", host = HostOf(address);
        Writer writer = new();
        writer.Header(isLegacy ? id : (ushort)0, 0x8400, questions: isLegacy ? 1 : 0, answers: 1, additional: 3);
        if (isLegacy)
        {
            writer.Name(Service);
            writer.Number(TypePtr);
            writer.Number(ClassIn);
        }

        writer.Record(Service, TypePtr, ClassIn, seconds, data => data.Name(name));
        writer.Record(name, TypeSrv, own, seconds, data =>
        {
            data.Number(0);
            data.Number(0);
            data.Number((ushort)port);
            data.Name(host);
        });
        writer.Record(name, TypeTxt, own, seconds, data => data.Bytes([0]));
        writer.Record(host, TypeA, own, seconds, data => data.Bytes(address.GetAddressBytes()));
        return writer.ToArray();
    }

    /// <summary>By its address: short whatever the instance is called, and another one for each.</summary>
    private static string HostOf(IPAddress address) => $"rpi-coordinator-{Convert.ToHexStringLower(address.GetAddressBytes())}.local";

    /// <summary>Where coordinators are said to be; empty for anything that is no answer to the question with this id.</summary>
    public static ImmutableArray<IPEndPoint> ReadAnswer(ReadOnlySpan<byte> message, ushort id)
    {
        if (message.Length < HeaderLength || (message[2] & 0x80) == 0 || BinaryPrimitives.ReadUInt16BigEndian(message) != id)
        {
            return [];
        }

        int at = HeaderLength, questions = BinaryPrimitives.ReadUInt16BigEndian(message[4..]);
        int records = BinaryPrimitives.ReadUInt16BigEndian(message[6..]) + BinaryPrimitives.ReadUInt16BigEndian(message[8..]) + BinaryPrimitives.ReadUInt16BigEndian(message[10..]);
        if (questions > MostRecords || records > MostRecords)
        {
            return [];
        }

        for (int i = 0; i < questions; i++, at += 4)
        {
            if (ReadName(message, ref at) is null)
            {
                return [];
            }
        }

        List<(string Host, int Port)> services = [];
        Dictionary<string, IPAddress> hosts = new(StringComparer.OrdinalIgnoreCase);
        for (int i = 0; i < records; i++)
        {
            if (ReadName(message, ref at) is not { } name || at + 10 > message.Length)
            {
                return [];
            }

            ushort type = BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
            int length = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 8)..]), data = at + 10;
            at = data + length;
            if (at > message.Length)
            {
                return [];
            }

            if (type == TypeA && length == 4)
            {
                hosts[name] = new IPAddress(message.Slice(data, 4));
            }
            else if (type == TypeSrv && length > 6 && name.EndsWith($".{Service}", StringComparison.OrdinalIgnoreCase))
            {
                int target = data + 6;
                if (ReadName(message, ref target) is { } host && BinaryPrimitives.ReadUInt16BigEndian(message[(data + 4)..]) is > 0 and ushort port)
                {
                    services.Add((host, port));
                }
            }
        }

        return [.. services.Where(service => hosts.ContainsKey(service.Host)).Select(service => new IPEndPoint(hosts[service.Host], service.Port)).Distinct()];
    }

    /// <summary>RFC 1035, 4.1.4: a pointer must lead backwards, so that reading ends.</summary>
    private static string? ReadName(ReadOnlySpan<byte> message, ref int at)
    {
        StringBuilder name = new();
        int from = at, end = -1;
        while (from < message.Length)
        {
            int length = message[from];
            if (length == 0)
            {
                at = end < 0 ? from + 1 : end;
                return name.ToString();
            }

            if (length >= 0xC0)
            {
                int target = from + 1 < message.Length ? ((length & 0x3F) << 8) | message[from + 1] : from;
                if (target >= from || target < HeaderLength || from + 1 >= message.Length)
                {
                    return null;
                }

                // Each jump leads before all that was read since the last one.
                end = end < 0 ? from + 2 : end;
                message = message[..from];
                from = target;
                continue;
            }

            if (length > MostLabel || from + 1 + length > message.Length || name.Length + length + 1 > MostName)
            {
                return null;
            }

            name.Append(name.Length > 0 ? "." : "").Append(Encoding.Latin1.GetString(message.Slice(from + 1, length)));
            from += 1 + length;
        }

        return null;
    }

    private sealed class Writer
    {
        private readonly List<byte> _bytes = [];

        public void Header(ushort id, ushort flags, int questions, int answers, int additional)
        {
            foreach (int number in (int[])[id, flags, questions, answers, 0, additional])
            {
                Number((ushort)number);
            }
        }

        public void Number(ushort value) => _bytes.AddRange([(byte)(value >> 8), (byte)value]);

        public void Bytes(byte[] bytes) => _bytes.AddRange(bytes);

        public void Name(string name)
        {
            foreach (string label in name.Split('.'))
            {
                _bytes.Add((byte)label.Length);
                _bytes.AddRange(Encoding.ASCII.GetBytes(label));
            }

            _bytes.Add(0);
        }

        public void Record(string name, ushort type, ushort recordClass, uint seconds, Action<Writer> write)
        {
            Writer data = new();
            write(data);
            Name(name);
            Number(type);
            Number(recordClass);
            Number((ushort)(seconds >> 16));
            Number((ushort)seconds);
            Number((ushort)data._bytes.Count);
            _bytes.AddRange(data._bytes);
        }

        public byte[] ToArray() => [.. _bytes];
    }
}
