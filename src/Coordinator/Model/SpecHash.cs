using System.Security.Cryptography;

namespace RpiAgent.Coordinator.Model;

/// <summary>Tells whether a container must be replaced: two templates with one hash make the same container.</summary>
internal static class SpecHash
{
    /// <summary>sha256, hex. The image counts by its reference only: a new image under an old tag replaces nothing.</summary>
    public static string Of(ContainerTemplate container) =>
        Convert.ToHexStringLower(SHA256.HashData(ModelJson.Write(container, ModelJson.Default.ContainerTemplate)));
}
