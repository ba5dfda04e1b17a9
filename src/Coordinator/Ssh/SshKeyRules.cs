using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Ssh;

/// <summary>What becomes of the keys by an operator's word, or why nothing does. Pure.</summary>
internal static class SshKeyRules
{
    private const int MostKeys = 200;
    private const int MostRemembered = 100;

    /// <summary>Boot files name their keys so.</summary>
    private const string CardPrefix = "card-";

    /// <param name="id">Empty = from the comment, or from the key; given, the key of that id is replaced.</param>
    public static SshKeyChange Add(SshKeysRecord record, SshPublicKey key, string user, string id, DateTimeOffset now)
    {
        string chosen = id.Length > 0 ? id : IdFor(key);
        if (!SshMarker.IsId(chosen) || chosen.StartsWith(CardPrefix, StringComparison.Ordinal))
        {
            return SshKeyChange.Refused($"'{chosen}' is not a name for a key: up to 64 of a-z, 0-9, '.', '-' and '_', not beginning with '{CardPrefix}'");
        }

        if (!Names.IsUser(user))
        {
            return SshKeyChange.Refused($"'{user}' is not a user's name");
        }

        if (record.Keys.FirstOrDefault(one => one.User == user && one.Id != chosen && KeyOf(one) == key.Key) is { } twin)
        {
            return SshKeyChange.Refused($"this key is there already, as {twin.Id}");
        }

        SshKeyRecord added = new(chosen, user, key.Line, now);
        SshKeyRecord? present = record.Keys.FirstOrDefault(one => one.Id == chosen);
        if (present is not null && present.User == user && KeyOf(present) == key.Key)
        {
            return new SshKeyChange(record, present, "");
        }

        if (present is not null && id.Length == 0)
        {
            return SshKeyChange.Refused($"there is another key called {chosen}; give this one a name with --name, or replace that one with --name {chosen}");
        }

        ImmutableArray<SshKeyRecord> keys = [.. record.Keys.Where(one => one.Id != chosen).Append(added).OrderBy(one => one.Id, StringComparer.Ordinal)];
        return keys.Length > MostKeys
            ? SshKeyChange.Refused($"a cluster takes up to {MostKeys} keys")
            : new SshKeyChange(record with { Keys = keys, Removed = record.Removed.Remove(chosen), Forced = record.Forced.Remove(chosen) }, added, "");
    }

    /// <summary>With <paramref name="force"/> also one that was removed before and that some node has kept as its last.</summary>
    public static SshKeyChange Remove(SshKeysRecord record, string id, bool force)
    {
        SshKeyRecord? present = record.Keys.FirstOrDefault(one => one.Id == id);
        if (present is null && !(force && record.Removed.Contains(id)))
        {
            return SshKeyChange.Refused($"there is no key '{id}'; {(record.Keys.IsEmpty ? "there are none" : $"the keys are {string.Join(", ", record.Keys.Select(one => one.Id))}")}");
        }

        return new SshKeyChange(
            record with
            {
                Keys = [.. record.Keys.Where(one => one.Id != id)],
                Removed = [.. record.Removed.Remove(id).Append(id).TakeLast(MostRemembered)],
                Forced = [.. record.Forced.Remove(id).Concat(force ? [id] : Array.Empty<string>()).TakeLast(MostRemembered)],
            },
            present ?? new SshKeyRecord(id, "", "", default),
            "");
    }

    /// <summary>alice@laptop becomes alice-laptop; without a comment, from the key.</summary>
    private static string IdFor(SshPublicKey key)
    {
        string id = string.Concat(key.Comment.ToLowerInvariant().Select(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_' ? c : '-')).Trim('-', '.', '_');
        id = id[..Math.Min(id.Length, 48)];
        return SshMarker.IsId(id) && !id.StartsWith(CardPrefix, StringComparison.Ordinal) ? id
            : $"key-{string.Concat(key.Fingerprint["SHA256:".Length..].ToLowerInvariant().Where(char.IsAsciiLetterOrDigit).Take(8))}";
    }

    private static string KeyOf(SshKeyRecord record) => string.Join(' ', record.Key.Split(' ', 3).Take(2));
}

/// <param name="Record">What is to be stored; null when refused.</param>
/// <param name="Key">The one it is about.</param>
internal sealed record SshKeyChange(SshKeysRecord? Record, SshKeyRecord? Key, string Refusal)
{
    public static SshKeyChange Refused(string why) => new(null, null, why);
}
