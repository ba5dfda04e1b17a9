using System.Security.Cryptography;
using Google.Protobuf;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Ssh;

/// <summary>What nodes are told of the keys: every node the same.</summary>
internal static class SshSpecs
{
    public static SshSpec Of(SshKeysRecord record)
    {
        SshSpec spec = new();
        foreach (IGrouping<string, SshKeyRecord> user in record.Keys.GroupBy(key => key.User, StringComparer.Ordinal).OrderBy(user => user.Key, StringComparer.Ordinal))
        {
            SshUser one = new() { Name = user.Key };
            one.Keys.AddRange(user.OrderBy(key => key.Id, StringComparer.Ordinal).Select(key => new SshKey { Id = key.Id, Key = key.Key }));
            spec.Users.Add(one);
        }

        spec.Forced.AddRange(record.Forced.Order(StringComparer.Ordinal));
        // Where nobody ever gave a key, there is nothing to tell.
        spec.Revision = record.Keys.IsEmpty && record.Removed.IsEmpty ? "" : Convert.ToHexStringLower(SHA256.HashData(spec.ToByteArray()))[..12];
        return spec;
    }
}
