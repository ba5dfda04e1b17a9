using System.Globalization;
using System.Text;

namespace RpiAgent.Consul;

/// <summary>How fresh an answer must be (consul.io/api-docs/features/consistency).</summary>
public enum Consistency
{
    /// <summary>From the leader; a just deposed one may answer once more.</summary>
    Default,
    /// <summary>The leader asks its peers first.</summary>
    Consistent,
    /// <summary>From any server, also without a leader.</summary>
    Stale,
}

/// <summary>How to read. With an <see cref="Index"/> the call blocks until something newer is there or <see cref="Wait"/> has passed.</summary>
public readonly record struct ConsulQuery(ulong Index = 0, TimeSpan Wait = default, Consistency Consistency = Consistency.Default)
{
    /// <summary>Blocks until newer than <paramref name="index"/>, at most <paramref name="wait"/> (Consul: up to 10 minutes).</summary>
    public static ConsulQuery After(ulong index, TimeSpan wait) => new(index, wait);

    /// <summary>Consul answers up to a sixteenth of the wait late, on purpose.</summary>
    internal TimeSpan ExtraTimeout => Index == 0 ? TimeSpan.Zero : Wait + (Wait / 16);

    internal string AppendTo(string path)
    {
        StringBuilder query = new(path);
        char separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        if (Index > 0)
        {
            query.Append(separator).Append(CultureInfo.InvariantCulture, $"index={Index}&wait={(long)Wait.TotalMilliseconds}ms");
            separator = '&';
        }

        if (Consistency != Consistency.Default)
        {
            query.Append(separator).Append(Consistency == Consistency.Consistent ? "consistent" : "stale");
        }

        return query.ToString();
    }
}

/// <summary>An answer and the index to give to the next blocking query.</summary>
public sealed record Indexed<T>(T Value, ulong Index)
{
    /// <summary>
    /// The index for the next query after one with <paramref name="previous"/>: when Consul's went backwards
    /// (restored, rebuilt) start again from 0, and never give 0 or nothing would block.
    /// </summary>
    public ulong NextAfter(ulong previous) => Index < previous ? 0 : Math.Max(Index, 1);
}
