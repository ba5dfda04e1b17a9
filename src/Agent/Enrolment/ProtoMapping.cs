using RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Enrolment;

/// <summary>Between the wire and our own types.</summary>
internal static class ProtoMapping
{
    public static Hardware ToWire(this Board board) => new()
    {
        Serial = board.Serial,
        Mac = board.Mac,
        MachineId = board.MachineId,
        Model = board.Model,
        Platform = board.Platform,
        KernelArch = board.KernelArch,
        UserlandArch = board.UserlandArch,
        Cores = (uint)board.Cores,
        MemoryBytes = (ulong)board.MemoryBytes,
        Os = board.Os,
        CardId = board.CardId,
        DiskId = board.DiskId,
        PageSize = (uint)board.PageSize,
    };

    /// <exception cref="FormatException">The coordinator sent something we cannot use.</exception>
    public static EnrolledSpec ToModel(this NodeSpec spec) => new(
        spec.Name,
        new EnrolledNetwork(
            spec.Network?.Interface ?? "", spec.Network?.Method ?? "dhcp", spec.Network?.Address ?? "", spec.Network?.Gateway ?? "", [.. spec.Network?.Dns ?? []]),
        [.. spec.Docker?.Options ?? []],
        Uri.TryCreate(spec.Consul?.Url, UriKind.Absolute, out Uri? consul) ? consul : throw new FormatException($"the coordinator sent '{spec.Consul?.Url}' as Consul's address"),
        spec.Consul?.Token ?? "")
    {
        Revision = spec.Revision,
        DockerClients = spec.Docker?.TlsClients ?? "",
        EngineCertificate = spec.Docker?.TlsCertificate ?? "",
        Ssh = spec.Ssh is { } ssh ? new EnrolledKeys(ssh.Revision, [.. ssh.Users.SelectMany(user => user.Keys.Select(key => new EnrolledKey(user.Name, key.Id, key.Key)))]) : null,
    };
}
