using Google.Protobuf.WellKnownTypes;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Model;
using RpiAgent.Coordinator.Ssh;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Admin;

/// <summary>The keys that let operators in on every node.</summary>
internal sealed class SshKeyAdmin(ClusterState state, SshKeyStore store, TimeProvider time)
{
    public async Task<SshKeyReply> AddAsync(AddSshKeyRequest request, CancellationToken cancel)
    {
        if (!SshPublicKey.TryRead(request.Key, out SshPublicKey? key, out string problem))
        {
            throw new AdminRefusal(RefusalKind.BadRequest, $"E_BAD_SSH_KEY: {problem}");
        }

        return await ChangeAsync(record => SshKeyRules.Add(record, key, request.User, request.Id, time.GetUtcNow()), key.Warning, cancel);
    }

    public Task<SshKeyReply> RemoveAsync(RemoveSshKeyRequest request, CancellationToken cancel) =>
        ChangeAsync(record => SshKeyRules.Remove(record, request.Id, request.Force), "", cancel);

    public ListSshKeysReply List()
    {
        SshKeysRecord record = state.Current.SshKeys;
        ListSshKeysReply reply = new() { Revision = SshSpecs.Of(record).Revision };
        reply.Keys.Add(record.Keys.Select(Of));
        return reply;
    }

    private async Task<SshKeyReply> ChangeAsync(Func<SshKeysRecord, SshKeyChange> rule, string warning, CancellationToken cancel)
    {
        SshKeysRecord? before = null;
        SshKeyChange change = await store.UpdateAsync(record => rule(before = record), cancel);
        if (change is not { Record: { } after, Key: { } key })
        {
            throw new AdminRefusal(RefusalKind.BadRequest, change.Refusal);
        }

        string revision = SshSpecs.Of(after).Revision;
        await state.ShownAsync(cluster => SshSpecs.Of(cluster.SshKeys).Revision == revision, time, cancel);
        return new SshKeyReply { Key = Of(key), Revision = revision, Warning = warning, Changed = !ReferenceEquals(before, after) };
    }

    private static SshKeyInfo Of(SshKeyRecord record) => new()
    {
        Id = record.Id,
        User = record.User,
        Key = record.Key,
        Fingerprint = SshPublicKey.TryRead(record.Key, out SshPublicKey? key, out _) ? key.Fingerprint : "",
        AddedAt = record.AddedAt.ToTimestamp(),
    };
}
