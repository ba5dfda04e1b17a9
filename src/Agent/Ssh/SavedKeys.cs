using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using RpiAgent.Identity;

namespace RpiAgent.Agent.Ssh;

/// <summary>Which keys this node was told to let in: <c>ssh-keys.json</c> in the state directory, so that it can bring them back alone.</summary>
internal sealed record SavedKeys
{
    public int Schema { get; init; } = 1;

    /// <summary>The coordinator's mark of <see cref="Cluster"/>; null before it has said anything.</summary>
    public string? Revision { get; init; }
    public ImmutableArray<UserKeys> Cluster { get; init; } = [];
    /// <summary>Keys the coordinator lets go, though nobody may be able to log in then.</summary>
    public ImmutableArray<string> Forced { get; init; } = [];
    /// <summary>From the boot file.</summary>
    public ImmutableArray<UserKeys> Card { get; init; } = [];
    /// <summary>Users who have, or may have, keys of ours.</summary>
    public ImmutableArray<string> Touched { get; init; } = [];

    /// <summary>All that shall be there, by user; users who are to lose their last key of ours have none.</summary>
    [JsonIgnore]
    public ImmutableSortedDictionary<string, ImmutableArray<OrderedKey>> Wished => Cluster.Concat(Card).Concat(Touched.Select(user => new UserKeys(user, [])))
        .GroupBy(user => user.User, StringComparer.Ordinal)
        .ToImmutableSortedDictionary(user => user.Key, user => user.SelectMany(one => one.Keys).DistinctBy(key => key.Id).ToImmutableArray(), StringComparer.Ordinal);

    /// <summary>Who is to have keys comes before who is to have none: when a key moves from one user to another, somebody can log in at any time.</summary>
    [JsonIgnore]
    public IEnumerable<KeyValuePair<string, ImmutableArray<OrderedKey>>> InOrder => Wished.OrderBy(user => user.Value.IsEmpty);

    public static string PathIn(AgentOptions options) => options.State("ssh-keys.json");

    /// <exception cref="IOException">The file is damaged.</exception>
    public static SavedKeys Load(AgentOptions options)
    {
        string path = PathIn(options);
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), SshJson.Default.SavedKeys) ?? new SavedKeys() : new SavedKeys();
        }
        catch (JsonException broken)
        {
            throw new IOException($"{path} cannot be read: {broken.Message}", broken);
        }
    }

    /// <summary>For a new order, which a damaged file must not keep out: that is put aside for a person to look at.</summary>
    public static SavedKeys LoadOrSetAside(AgentOptions options)
    {
        try
        {
            return Load(options);
        }
        catch (IOException damaged) when (damaged.InnerException is JsonException)
        {
            AtomicFile.Rename(PathIn(options), PathIn(options) + ".damaged");
            return new SavedKeys();
        }
    }

    /// <summary>What the cluster said is forgotten. Its keys are taken away once the node is in a cluster again, which may have others.</summary>
    public static void Forget(AgentOptions options)
    {
        if (File.Exists(PathIn(options)))
        {
            SavedKeys known = Load(options);
            (known with { Revision = null, Cluster = [], Forced = [], Touched = [.. known.Wished.Keys] }).Save(options);
        }
    }

    public void Save(AgentOptions options)
    {
        AtomicFile.EnsureDirectory(options.Under(options.StateDirectory), AtomicFile.PrivateDirectory);
        AtomicFile.Write(PathIn(options), JsonSerializer.SerializeToUtf8Bytes(this, SshJson.Default.SavedKeys), AtomicFile.Private);
    }
}

/// <summary>Keys of ours that let in as one user.</summary>
internal sealed record UserKeys(string User, ImmutableArray<OrderedKey> Keys);
