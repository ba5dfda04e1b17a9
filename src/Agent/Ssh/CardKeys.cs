using System.Collections.Immutable;
using System.Globalization;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Ssh;

/// <summary>The keys a boot file names (<c>ssh: {user, authorized_keys[]}</c>): they let in before the node has joined, and stay.</summary>
internal static class CardKeys
{
    /// <summary>Null when all of it can be used, else why not, for the card's error file.</summary>
    public static string? Refuse(string user, IReadOnlyList<string> keys)
    {
        if (!Names.IsUser(user))
        {
            return $"ssh: '{user}' is not a user's name";
        }

        for (int at = 0; at < keys.Count; at++)
        {
            if (!SshPublicKey.TryRead(keys[at], out _, out string problem))
            {
                return $"ssh: authorized_keys, entry {at + 1}: {problem}";
            }
        }

        return null;
    }

    /// <summary>Takes the place of what an earlier card said, and applies it at once.</summary>
    /// <param name="keys">As <see cref="Refuse"/> lets them through.</param>
    public static async Task<SshOutcome> ApplyAsync(AgentOptions options, string user, IReadOnlyList<string> keys, TimeProvider time, CancellationToken cancel)
    {
        ImmutableArray<UserKeys> card = [new UserKeys(user, [.. keys.Select((key, at) => new OrderedKey(string.Create(CultureInfo.InvariantCulture, $"card-{at + 1}"), key.Trim()))])];
        try
        {
            using SshKeys ssh = new(options, new CommandRunner(time));
            await ssh.SaveAsync(saved => saved with { Card = card }, cancel);
            return await ssh.ApplyAsync(cancel);
        }
        catch (IOException e)
        {
            return new SshOutcome(false, false, [$"E_SSH_FILE: {e.Message}"]);
        }
    }
}
