using System.Security.Cryptography;

namespace RpiAgent.Coordinator.Model;

/// <summary>Tells whether a container must be replaced: two templates with one hash make the same container.</summary>
internal static class SpecHash
{
    /// <summary>sha256, hex. The image id counts: a reference that got a new image is a new container.</summary>
    public static string Of(ContainerTemplate container, string imageId = "")
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(ModelJson.Write(container, ModelJson.Default.ContainerTemplate));
        hash.AppendData(System.Text.Encoding.UTF8.GetBytes(imageId));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
