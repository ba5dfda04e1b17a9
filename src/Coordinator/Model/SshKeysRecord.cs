using System.Collections.Immutable;

namespace RpiAgent.Coordinator.Model;

/// <summary>The public keys that let operators in on every node, under <c>rpi/ssh</c>.</summary>
internal sealed record SshKeysRecord
{
    public int Schema { get; set; } = 1;
    /// <summary>By id.</summary>
    public ImmutableArray<SshKeyRecord> Keys { get; set; } = [];
    /// <summary>Ids of keys that were removed: a node may still hold one that was its last. The latest ones.</summary>
    public ImmutableArray<string> Removed { get; set; } = [];
    /// <summary>Those of <see cref="Removed"/> that may go though nobody could log in then.</summary>
    public ImmutableArray<string> Forced { get; set; } = [];
}

/// <param name="Key">Type, blob and comment.</param>
internal sealed record SshKeyRecord(string Id, string User, string Key, DateTimeOffset AddedAt);

/// <summary>What a node says of its keys.</summary>
/// <param name="Revision">Of what it was told last; empty when nothing.</param>
/// <param name="State">applied or failed; empty while unknown.</param>
/// <param name="HostKeys">TYPE BLOB.</param>
internal sealed record SshView(string Revision, string State, ImmutableArray<string> Problems, ImmutableArray<string> HostKeys)
{
    public static SshView Unknown { get; } = new("", "", [], []);
}
